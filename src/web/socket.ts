/** One side of a WebSocket: what is done when something arrives, and when it is over. */
export interface Conversation {
  opened(socket: Socket): void;
  said(socket: Socket, text: string): void;
  closed(): void;
}

export type Socket = Bun.ServerWebSocket<Conversation>;
export type SocketServer = Bun.Server<Conversation>;

/** What a client says here is a token; what it is sent is a log. */
const longestMessageBytes = 4 * 1024;
/** Of a reader that does not read, before it is let go. */
const longestBacklogBytes = 16 * 1024 * 1024;

/** Every WebSocket of the server, each given to the conversation it was opened for. */
export const socketHandler: Bun.WebSocketHandler<Conversation> = {
  open: (socket) => socket.data.opened(socket),
  message: (socket, message) => {
    if (typeof message === "string") socket.data.said(socket, message);
  },
  close: (socket) => socket.data.closed(),
  maxPayloadLength: longestMessageBytes,
  backpressureLimit: longestBacklogBytes,
  closeOnBackpressureLimit: true,
};

/** What each request is given besides itself. */
export interface Served {
  Bindings: { readonly server: SocketServer };
}
