// The client is loaded before the monitor.
const { register } = require('prom-client');

require(process.env.REGISTER);
require('./serve.cjs').serve(register);
