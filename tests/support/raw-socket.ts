import { WebSocket } from 'ws';
import { waitUntil } from '#libs/testing';

/** A bare WebSocket to a gateway, for packets that no client library would send. */
export class RawSocket {
  readonly socket: WebSocket;
  /** Text packets as they came, engine.io's type included. */
  readonly packets: string[] = [];
  closed: number | undefined;

  private constructor(url: string, headers: Record<string, string>) {
    this.socket = new WebSocket(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`, { headers });
    this.socket.on('message', (data: Buffer, isBinary) => {
      const packet = isBinary ? '' : data.toString();
      if (packet === '2') this.socket.send('3');
      else this.packets.push(packet);
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', (code) => (this.closed = code));
  }

  /** Opened, but not signed in. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<RawSocket> {
    const raw = new RawSocket(url, headers);
    await waitUntil('the WebSocket to open', () => raw.packets.some((packet) => packet.startsWith('0')));
    return raw;
  }

  /** Opened and signed in. */
  static async signedIn(url: string, token: string, auth: Record<string, unknown> = {}): Promise<RawSocket> {
    const raw = await RawSocket.open(url);
    raw.send(`40${JSON.stringify({ token, protocol: 1, ...auth })}`);
    await raw.next('42["connection:ready"');
    return raw;
  }

  send(data: string | Buffer): void {
    this.socket.send(data);
  }

  /** The first packet with that beginning. */
  next(beginning: string): Promise<string> {
    return waitUntil(`a packet ${beginning}`, () => this.packets.find((packet) => packet.startsWith(beginning)));
  }

  /** The data of socket.io's `error` event, after which the server has closed. */
  async ended(): Promise<Record<string, unknown>> {
    const packet = await this.next('42["error"');
    await waitUntil('the server to close', () => this.closed !== undefined);
    return (JSON.parse(packet.slice(2)) as [string, Record<string, unknown>])[1];
  }

  /** Sends an event that wants an acknowledgement, and returns what came. */
  async ask(number: number, event: string, data: unknown): Promise<Record<string, unknown>> {
    this.send(`42${number}${JSON.stringify([event, data])}`);
    const packet = await this.next(`43${number}[`);
    return (JSON.parse(packet.slice(2 + String(number).length)) as [Record<string, unknown>])[0];
  }

  close(): void {
    this.socket.terminate();
  }
}
