import { App } from './app.tsx';

await new App(document.getElementById('app') as HTMLElement).start();
