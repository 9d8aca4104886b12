"""Where weights are, and how they get here.

protocol     the two protocols, `Describes` and `Fetches`
sources      which source implements what
huggingface  how it is called, and the cache of its own tools
modelscope   the same
remote       what all hubs on the network have in common
folder       weights in folders of the user
gguf         weights in GGUF files, by their headers
ctranslate2  weights in CTranslate2's form, by the head of their file
s3           weights in S3
config       the bounded reader of config.json
describing   a description from a listing, for every source
adapters     what goes on top of a model, described alike
loadable     what no backend can load, each kind with its own sentence
params_json  Mistral's own form of a config
forms        the words and file names by which those are known
transfer     downloads files, resumes and verifies them
preflight    the checks before a download
memory       hub answers, cached per commit
ledger       what modelscan downloaded, and whose code may run
stored       what the caches hold
tokens       the user's logins
variables    huggingface_hub's environment variables
account      which account owns a token
refusals     error responses as our errors
payload      validates answers
files        shared values
families     the shipped model families
"""
