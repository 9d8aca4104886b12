"""Models of one's own, one verb per file.

listing  `model list`
inspect  `model inspect`
add      `model add`
upstream `model add` of what somebody else runs
edit     `model edit`, `model enable`, `model disable`
remove   `model remove`
seed     `model seed`
export   `model export`
"""
