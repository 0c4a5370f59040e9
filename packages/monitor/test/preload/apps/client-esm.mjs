import { register } from 'prom-client';
import serve from './serve.cjs';

serve.serve(register);
