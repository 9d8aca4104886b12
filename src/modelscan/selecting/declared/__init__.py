"""The declarative file, `modelscan.yaml`: the deployments that there should be.

values  what a key's value may be, and how it is read
keys    the keys of a deployment: the options of `deploy`
file    the file, read: a request for each deployment, and the gateway
schema  the same as a JSON Schema
"""
