import type { MasterContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { mount } from '../http/mount.ts';

/** One route for all files besides the page: each route costs series in the metrics. */
const paths = ['/', '/page.js', '/page.css', '/page/*'];

/** The live page's static files. They hold nothing secret: the page asks for the token. */
export function pageRoutes(app: App, { bandwidth }: MasterContext): void {
  const handler = mount(bandwidth.listener.handlePage);
  for (const path of paths) app.get(path, { config: { public: true }, schema: { hide: true } }, handler);
}
