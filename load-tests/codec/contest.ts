import { Decoder, Encoder, type Packet, PacketType } from 'socket.io-parser';
import { decodeFrame, encodeMessage, readHeader, type WireMessage } from '#libs/protocol';
import { interleave, type Timing } from './interleave.ts';

export interface Contest {
  timings: Record<
    'json' | 'json to bytes' | 'frame' | 'json encode' | 'frame encode' | 'json decode' | 'frame decode' | 'header',
    Timing
  >;
  /** Of a packet on the wire, with engine.io's letter before a text, without the WebSocket's own header. */
  bytes: { json: number; frame: number };
}

const encoder = new Encoder();
const decoder = new Decoder();
let decoded: WireMessage | undefined;
decoder.on('decoded', (packet: Packet) => {
  decoded = (packet.data as [string, WireMessage])[1];
});

/** Measures socket.io's JSON packet against the frame with messages of one text. */
export function contest(messages: readonly WireMessage[], shape: { rounds: number; round_ms: number }): Contest {
  const packets = messages.map(encodeJson);
  const frames = messages.map(encodeMessage);
  const at = <Value>(values: readonly Value[], index: number) => values[index] as Value;
  const timings = interleave(
    {
      json: (index) => read(decodeJson(encodeJson(at(messages, index)))),
      // A text packet still has to become UTF-8 and text again, which a frame already is.
      'json to bytes': (index) => read(decodeJson(Buffer.from(encodeJson(at(messages, index))).toString('utf8'))),
      frame: (index) => read(decode(encodeMessage(at(messages, index)))),
      'json encode': (index) => encodeJson(at(messages, index)).length,
      'frame encode': (index) => encodeMessage(at(messages, index)).length,
      'json decode': (index) => read(decodeJson(at(packets, index))),
      'frame decode': (index) => read(decode(at(frames, index))),
      header: (index) => readHead(at(frames, index)),
    },
    { ...shape, samples: messages.length },
  );
  const [packet, frame] = [at(packets, 0), at(frames, 0)];
  return { timings, bytes: { json: 1 + Buffer.byteLength(packet), frame: frame.length } };
}

function encodeJson(message: WireMessage): string {
  const packet = { type: PacketType.EVENT, nsp: '/', data: ['message:created', message] };
  return encoder.encode(packet)[0] as string;
}

function decodeJson(packet: string): WireMessage {
  decoder.add(packet);
  return decoded as WireMessage;
}

function decode(bytes: Uint8Array): WireMessage {
  const frame = decodeFrame(bytes);
  if (!frame.ok || frame.kind !== 'created') throw new Error('the frame of a message must decode');
  return frame.message;
}

const read = ({ seq_id, session_id, send_time }: WireMessage): number => seq_id + session_id.length + send_time.length;

/** What whoever passes a message on needs to know: which session, which number, from which side. */
function readHead(bytes: Uint8Array): number {
  const header = readHeader(bytes);
  if (!header) throw new Error('the frame of a message must have a header');
  return header.seq_id + header.session_id.length + header.sender_role.length;
}
