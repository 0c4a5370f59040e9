import client from '@prometheus-io/client';
import serve from './serve.cjs';

// An application may clear what it finds, as one does that is loaded anew.
client.register.clear();
serve.serve(client.register);
