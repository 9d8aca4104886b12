"""The page: rendered here, moved by htmx and the event stream in the browser. A module per view, a template for each.

views        the routes of all pages
session      signing in and out
home         this machine, and what runs on it
find         finding a model, and all about one
plan         what a deployment would be, and making it
deployment   one deployment: receipt, log, events
chat         the playground
activity     requests of the gateway, and connecting to it
passing      requests of the playground, passed to the gateway
gateway_key  … with a key that no browser sees
content/     what views show, as values
pages        routes whose failures are pages
assets       what the browser loads beside HTML, named by a hash
rendering    templates, and headers that allow nothing foreign
templates/ static/  what is rendered, and what the browser loads
"""
