"""One function per verb: request in, result out. The command line and later the REST API call the same."""
