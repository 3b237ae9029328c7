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

/**
 * Reads text packets as socket.io does. One for all sockets, of which there are thousands: only announced attachments would
 * give it something to remember, and those never come here.
 */
class TextReader {
  readonly #stock = new StockDecoder();
  #packet: Packet | undefined;

  constructor() {
    this.#stock.on('decoded', (packet: Packet) => {
      this.#packet = packet;
    });
  }

  /** Undefined when it is no packet. Apart from passing it on: what a listener throws is its own fault and not the packet's. */
  read(text: string): Packet | undefined {
    try {
      this.#stock.add(text);
      return this.#packet;
    } catch {
      return undefined;
    } finally {
      this.#packet = undefined;
    }
  }
}

const textReader = new TextReader();

/** Reads both codecs; used by server and binary clients alike. */
class FrameDecoder {
  #listener: Listener | undefined;

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
    this.#listener = undefined;
  }

  #addText(text: string): void {
    const type = text.charCodeAt(0) - 48;
    if (type === PacketType.BINARY_EVENT || type === PacketType.BINARY_ACK) return this.#malformed('attachments');
    if (text.length > MAX_PACKET_BYTES || isTooDeep(payloadOf(text))) return this.#malformed('too long or too deep');
    const packet = textReader.read(text);
    if (packet) this.#pass(packet);
    else this.#malformed('no socket.io packet');
  }

  #addFrame(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    if (!frame.ok) return this.#malformed(frame.reason);
    const data = frame.kind === 'send' ? ['message:send', frame.message] : ['message:created', frame.message];
    const id = frame.kind === 'send' && frame.ack !== undefined ? { id: frame.ack } : {};
    this.#pass({ type: PacketType.EVENT, nsp: '/', data, ...id });
  }

  #malformed(reason: string): void {
    this.#pass({ type: PacketType.EVENT, nsp: '/', data: [MALFORMED, reason] });
  }

  #pass(packet: Packet): void {
    this.#listener?.(packet);
  }
}

/** A namespace stands before the payload and may hold quotes, which would hide how deep the payload is. */
function payloadOf(text: string): string {
  return text[1] === '/' ? text.slice(text.indexOf(',') + 1) : text;
}

/** Text for all but `message:send`, which becomes one frame. */
class FrameEncoder {
  readonly #stock = new StockEncoder();

  encode(packet: Packet): (string | Uint8Array)[] {
    // What no frame can say (an id that is none) goes as JSON, so that the server's refusal names the fault.
    const send = sendOf(packet);
    const frame = send && encodeSend(send, packet.id);
    return frame ? [frame] : (this.#stock.encode(packet) as string[]);
  }
}

/** The message of a `message:send` that says nothing but what a frame can say. */
function sendOf({ type, nsp, data }: Packet): WireSend | undefined {
  if (type !== PacketType.EVENT || nsp !== '/' || !Array.isArray(data) || data.length !== 2) return undefined;
  const [event, message] = data as [unknown, unknown];
  return event === 'message:send' && isSend(message) ? message : undefined;
}

const isText = (value: unknown) => typeof value === 'string';
const isOptional = (value: unknown) => value === undefined || value === null || isText(value);
const sendFields: Record<keyof WireSend, (value: unknown) => boolean> = {
  session_id: isText,
  client_msg_id: isText,
  type: isText,
  content: (value) => isText(value) || (typeof value === 'object' && value !== null),
  reply_to: isOptional,
  choice_id: (value) => value === undefined || isText(value),
};

function isSend(message: unknown): message is WireSend {
  if (typeof message !== 'object' || message === null) return false;
  const fields = message as Record<string, unknown>;
  const areKnown = Object.keys(fields).every((name) => Object.hasOwn(sendFields, name));
  return areKnown && Object.entries(sendFields).every(([name, isGood]) => isGood(fields[name]));
}

/** For `new Server(…, { parser })`: stock encoding, both codecs understood. */
export const serverParser = { Encoder: StockEncoder, Decoder: FrameDecoder };
/** For `io(url, { parser })` together with `auth.codec: 'binary'`. */
export const binaryClientParser = { Encoder: FrameEncoder, Decoder: FrameDecoder };

/** An event whose data is JSON text already, as the packet that goes over the wire; nothing is parsed or written again. */
export function textPacket(event: string, json: string): string {
  return `2["${event}",${json}]`;
}
