"""Plans and deployments as text for other programs. Pure: values in, text out.

plan_file   the deployment file that `deploy --file` reads
clients/    programs that call an endpoint: their files and variables
editing/    putting our entries into a user's file, and taking them back
seeds       registered models as seeds again
litellm     a configuration of LiteLLM's proxy
llama_swap  a configuration of llama-swap
"""
