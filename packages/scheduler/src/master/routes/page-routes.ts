import { pagePaths } from '../bandwidth/master-bandwidth.ts';
import type { MasterContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { mount } from '../http/mount.ts';

/** The live page's static files. They hold nothing secret: the page asks for the token. */
export function pageRoutes(app: App, { bandwidth }: MasterContext): void {
  const handler = mount(bandwidth.listener.handlePage);
  for (const path of pagePaths) app.get(path, { config: { public: true }, schema: { hide: true } }, handler);
}
