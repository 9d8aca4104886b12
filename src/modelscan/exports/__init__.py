"""Plans and deployments as text for other programs. Pure: values in, text out.

plan_file  the deployment file that `deploy --file` reads
clients    variables for programs that call an endpoint
seeds      registered models as seeds again
litellm    a configuration of LiteLLM's proxy
"""
