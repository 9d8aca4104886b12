"""The same verbs over HTTP, and the page. Of the extra `api`: nothing else imports it.

It owns no process and no state: a route calls a verb, and long work is a job, which is a command of its own that
outlives the request and this process.

serve      the process that serves, kept by `services/keeper`
app        the application: routes, failures, headers, OpenAPI
access     who may ask: keys, the page's sessions, `Host` and `Origin`
sessions   the cookies of the page, and the one-time tokens that they are traded for
asked      what a route is handed: the context of verbs, and a way to run them beside the loop
begin      jobs that routes begin
feed       what happens, for everybody who listens
sources    what the feed tells
following  a log as it grows
leaving    a clock for what waits for somebody who may leave
documents  documents of the command line as answers, with their schemas
failures   every failure as `{"error", "code"}`
openapi    the description that comes out of the routes
bodies/    what requests may say
routes/    one module per subject
page/      the page: views, templates, what the browser loads
"""
