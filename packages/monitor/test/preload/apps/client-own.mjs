// A registry of its own, and nothing in the client's default one.
import { Registry } from 'prom-client';
import { serve } from './serve.cjs';

serve(new Registry());
