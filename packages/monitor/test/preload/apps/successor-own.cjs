// A registry of its own, and nothing in the client's default one.
const { Registry } = require('@prometheus-io/client');
const { serve } = require('./serve.cjs');

serve(new Registry());
