/**
 * socket.io parsers that carry messages as single binary frames beside stock JSON clients.
 *
 * Text packets are socket.io's own, so a stock client notices nothing. A binary packet is always a whole frame of ours;
 * announced attachments (BINARY_EVENT, BINARY_ACK) are not spoken and count as malformed. Nothing here throws: what can't
 * be read becomes one MALFORMED event with the reason, and the owner of the socket answers and closes.
 */
import { Decoder as StockDecoder, Encoder as StockEncoder, type Packet, PacketType } from 'socket.io-parser';
import { decodeFrame } from './frame-decode.ts';
import { encodeSend } from './frame-encode.ts';
import { MAX_PACKET_BYTES, type WireSend } from './frame-layout.ts';
import { isTooDeep } from './json-depth.ts';

/** The event that stands for a packet nobody could read; its data is the reason. A client may send it too: same end. */
export const MALFORMED = 'protocol:malformed';

type Listener = (packet: Packet) => void;

/** Reads both codecs; used by server and binary clients alike. */
class FrameDecoder {
  readonly #stock = new StockDecoder();
  #listener: Listener | undefined;

  constructor() {
    this.#stock.on('decoded', (packet: Packet) => this.#pass(packet));
  }

  on(event: 'decoded', listener: Listener): this {
    if (event === 'decoded') this.#listener = listener;
    return this;
  }

  // socket.io takes its listeners away by these names when a connection ends.
  off(): this {
    this.#listener = undefined;
    return this;
  }

  removeListener(): this {
    return this.off();
  }

  add(data: unknown): void {
    if (typeof data === 'string') return this.#addText(data);
    if (data instanceof Uint8Array) return this.#addFrame(data);
    if (data instanceof ArrayBuffer) return this.#addFrame(new Uint8Array(data));
    this.#malformed('neither text nor bytes');
  }

  destroy(): void {
    this.#stock.destroy();
    this.#listener = undefined;
  }

  #addText(text: string): void {
    const type = text.charCodeAt(0) - 48;
    if (type === PacketType.BINARY_EVENT || type === PacketType.BINARY_ACK) return this.#malformed('attachments');
    if (text.length > MAX_PACKET_BYTES || isTooDeep(text)) return this.#malformed('too long or nested too deep');
    try {
      this.#stock.add(text);
    } catch {
      this.#malformed('no socket.io packet');
    }
  }

  #addFrame(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    if (!frame.ok) return this.#malformed(frame.reason);
    const data = frame.kind === 'send' ? ['message:send', frame.message] : ['message:created', frame.message];
    const id = frame.kind === 'send' && frame.ack !== undefined ? { id: frame.ack } : {};
    this.#pass({ type: PacketType.EVENT, nsp: '/', data, ...id } as Packet);
  }

  #malformed(reason: string): void {
    this.#pass({ type: PacketType.EVENT, nsp: '/', data: [MALFORMED, reason] } as Packet);
  }

  #pass(packet: Packet): void {
    this.#listener?.(packet);
  }
}

/** Text for all but `message:send`, which becomes one frame. */
class FrameEncoder {
  readonly #stock = new StockEncoder();

  encode(packet: Packet): (string | Uint8Array)[] {
    const [event, message] = packet.type === PacketType.EVENT ? (packet.data as [unknown, unknown]) : [];
    // What no frame can say (an id that is none) goes as JSON, so that the server's refusal names the fault.
    const frame = event === 'message:send' && isSend(message) ? encodeSend(message, packet.id) : undefined;
    return frame ? [frame] : (this.#stock.encode(packet) as string[]);
  }
}

function isSend(message: unknown): message is WireSend {
  if (typeof message !== 'object' || message === null) return false;
  const { session_id, client_msg_id, type, content } = message as Record<string, unknown>;
  const isContent = typeof content === 'string' || (typeof content === 'object' && content !== null);
  return isContent && [session_id, client_msg_id, type].every((text) => typeof text === 'string');
}

/** For `new Server(…, { parser })`: stock encoding, both codecs understood. */
export const serverParser = { Encoder: StockEncoder, Decoder: FrameDecoder };
/** For `io(url, { parser })` together with `auth.codec: 'binary'`. */
export const binaryClientParser = { Encoder: FrameEncoder, Decoder: FrameDecoder };

/** An event whose data is JSON text already, as the packet that goes over the wire; nothing is parsed or written again. */
export function textPacket(event: string, json: string): string {
  return `2["${event}",${json}]`;
}
