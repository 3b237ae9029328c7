import { WebSocket } from 'ws';

/**
 * A socket.io v4 client reduced to what a load needs: one WebSocket, text packets, pings answered, acknowledgements
 * by number. It neither reconnects nor orders; that is the SDK's work, and the checker's to verify.
 */
export interface LightClient {
  readonly socket: WebSocket;
  /** Sends an event; resolves with the acknowledgement's first argument. */
  emit(event: string, data: unknown): Promise<unknown>;
  close(): void;
}

export interface LightClientOptions {
  /** `http://127.0.0.1:8080` */
  url: string;
  auth: Record<string, unknown>;
  /** Source address, so that one machine can hold more than one address's worth of ports. */
  localAddress?: string;
  /** Every event but acknowledgements, as parsed JSON. */
  onEvent?: (event: string, data: unknown) => void;
  onClose?: () => void;
  deadline_ms?: number;
}

const READY = '42["connection:ready"';

/** Resolves when `connection:ready` has come; rejects with the server's reason or after the deadline. */
export function connectLightClient(options: LightClientOptions): Promise<LightClient> {
  const { url, auth, localAddress, onEvent, onClose, deadline_ms = 20_000 } = options;
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`, {
    perMessageDeflate: false,
    skipUTF8Validation: true,
    ...(localAddress ? { localAddress } : {}),
  });
  const acks = new Map<number, (data: unknown) => void>();
  let lastAck = 0;
  const client: LightClient = {
    socket,
    emit: (event, data) =>
      new Promise((resolve) => {
        lastAck += 1;
        acks.set(lastAck, resolve);
        socket.send(`42${lastAck}${JSON.stringify([event, data])}`);
      }),
    close: () => socket.terminate(),
  };
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => fail(new Error('no connection:ready in time')), deadline_ms);
    const fail = (error: Error) => {
      clearTimeout(deadline);
      socket.terminate();
      reject(error);
    };
    socket.on('error', fail);
    socket.on('close', () => {
      fail(new Error('closed before connection:ready'));
      onClose?.();
    });
    socket.on('message', (data: Buffer) => {
      const packet = data.toString();
      if (packet === '2') socket.send('3');
      else if (packet.startsWith('0')) socket.send(`40${JSON.stringify(auth)}`);
      else if (packet.startsWith('44')) fail(new Error(`refused: ${packet.slice(2)}`));
      else if (packet.startsWith('43')) settleAck(packet, acks);
      else if (packet.startsWith(READY)) {
        clearTimeout(deadline);
        resolve(client);
        pass(packet, onEvent);
      } else if (packet.startsWith('42')) pass(packet, onEvent);
    });
  });
}

function settleAck(packet: string, acks: Map<number, (data: unknown) => void>): void {
  const start = packet.indexOf('[');
  const number = Number(packet.slice(2, start));
  const settle = acks.get(number);
  acks.delete(number);
  settle?.((JSON.parse(packet.slice(start)) as unknown[])[0]);
}

function pass(packet: string, onEvent: LightClientOptions['onEvent']): void {
  if (!onEvent) return;
  const [event, data] = JSON.parse(packet.slice(2)) as [string, unknown];
  onEvent(event, data);
}
