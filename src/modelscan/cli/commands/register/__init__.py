"""Commands for models of one's own.

listing  `model list` and `model inspect`
add      `model add`
edit     `model edit`, `model enable` and `model disable`
remove   `model remove`
seed     `model seed`
export   `model export`
"""
