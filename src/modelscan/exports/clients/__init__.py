"""Programs that are connected to an endpoint, one module each. A key is only ever named by the user's variable.

registry     name → module
client       what each says: its files, how they are edited, its variables
endpoint     what it is told of an endpoint
env          variables for any client of the OpenAI API
llm          llm: extra-openai-models.yaml
aider        aider: .aider.conf.yml and the sizes of the model
opencode     opencode: opencode.json
claude_code  Claude Code: settings.json
continue_    Continue: config.yaml
zed          Zed: settings.json
vscode       Visual Studio Code: chatLanguageModels.json
open_webui   Open WebUI: variables of its server
"""
