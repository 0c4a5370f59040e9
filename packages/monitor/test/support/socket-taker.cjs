// Takes a socket from its parent, and answers on it.
process.on('message', (_message, socket) => socket.end('taken'));
