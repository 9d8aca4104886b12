// What every page has: buttons that send, commands that can be copied, jobs, and the one stream of events.
import "./actions.js";
import "./copying.js";
import "./jobs.js";
import "./live.js";

// A link with a token that nobody asked for leaves it neither in the address nor in the history.
if (location.hash.startsWith("#token=")) history.replaceState(null, "", location.pathname);
