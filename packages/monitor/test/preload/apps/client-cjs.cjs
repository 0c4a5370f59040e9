const { register } = require('prom-client');

require('./serve.cjs').serve(register);
