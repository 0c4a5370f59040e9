import type { Socket } from 'node:net';

/** The longest line that is read, in characters: 500 endpoints with eight statuses each are one million. */
const longestLine = 16 * 1024 * 1024;

/** Calls `take` with each line that comes. A line that is too long, or that `take` throws at, ends the connection. */
export function readLines(socket: Socket, take: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    try {
      for (const line of lines) take(line);
    } catch (error) {
      socket.destroy(error as Error);
    }
    if (rest.length > longestLine) socket.destroy();
  });
}
