export { type PageFile, pageFiles, pageHeaders } from './files.ts';
