const { register } = require('@prometheus-io/client');

require('./serve.cjs').serve(register);
