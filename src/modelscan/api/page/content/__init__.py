"""What views show, as values: derived from what verbs say, without a request or a template in sight.

memory       memory as bars
deployments  a deployment with what is derived from its document
receipt      predicted against measured
options      the options of `deploy` in an address
served       the models at the gateway
requests     the gateway's access log, read back
snippets     requests to copy
"""
