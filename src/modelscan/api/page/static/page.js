// What every page has: buttons that send, commands that can be copied, jobs, and the one stream of events.
import "./actions.js";
import "./copying.js";
import "./jobs.js";
import "./live.js";
