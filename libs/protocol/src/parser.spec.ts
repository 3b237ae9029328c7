import fc from 'fast-check';
import { Decoder as StockDecoder, Encoder as StockEncoder, type Packet, PacketType } from 'socket.io-parser';
import { describe, expect, test } from 'vitest';
import { encodeMessage } from './frame-encode.ts';
import { MAX_PACKET_BYTES, type WireMessage, type WireSend } from './frame-layout.ts';
import type { MessageId, SessionId } from './ids.ts';
import { binaryClientParser, MALFORMED, serverParser, textPacket } from './parser.ts';

const session_id = 'ses_01kg20kq7v7000800000000000' as SessionId;
const send: WireSend = {
  session_id,
  client_msg_id: '0198c0de-0000-7000-8000-000000000001',
  type: 'text',
  content: '你好 👋',
};
const stored: WireMessage = {
  ...send,
  message_id: 'msg_01kg20kq7v7000800000000000' as MessageId,
  seq_id: 17,
  sender: 'vis_01kg20kq7v7000800000000000',
  sender_role: 'visitor',
  target: session_id,
  send_time: '1769558400123456789',
  reply_to: null,
};

/** The packets that the decoder makes of what comes in. */
function decode(...inputs: unknown[]): Packet[] {
  const packets: Packet[] = [];
  const decoder = new serverParser.Decoder();
  decoder.on('decoded', (packet) => packets.push(packet));
  for (const input of inputs) decoder.add(input);
  return packets;
}

function stockDecode(...inputs: unknown[]): Packet[] {
  const packets: Packet[] = [];
  const decoder = new StockDecoder();
  decoder.on('decoded', (packet: Packet) => packets.push(packet));
  for (const input of inputs) decoder.add(input);
  return packets;
}

const encode = (packet: Packet) => new binaryClientParser.Encoder().encode(packet);
const event = (data: unknown, rest: Partial<Packet> = {}): Packet => ({
  type: PacketType.EVENT,
  nsp: '/',
  data,
  ...rest,
});
const isMalformed = (packet: Packet | undefined) =>
  packet?.type === PacketType.EVENT && packet.nsp === '/' && (packet.data as unknown[])[0] === MALFORMED;

const stockPackets: Packet[] = [
  { type: PacketType.CONNECT, nsp: '/', data: { token: 't', protocol: 1 } },
  { type: PacketType.CONNECT, nsp: '/', data: undefined },
  { type: PacketType.DISCONNECT, nsp: '/' },
  { type: PacketType.CONNECT_ERROR, nsp: '/', data: { message: 'no', data: { code: 'UNAUTHENTICATED' } } },
  event(['session:typing', { session_id, typing: true }]),
  event(['message:created', stored]),
  event(['__proto__', { constructor: 1 }], { id: 3 }),
  event(['other', 1, null, [], 'two'], { id: 0, nsp: '/other' }),
  { type: PacketType.ACK, nsp: '/', id: 12, data: [{ ok: true, data: {} }] },
];

describe('stock clients notice nothing', () => {
  test.each(stockPackets)('packet %j of a stock client is read as by the stock decoder', (packet) => {
    const encoded = new StockEncoder().encode(packet);
    expect(decode(...encoded)).toEqual(stockDecode(...encoded));
  });

  test.each(stockPackets)('a binary client says %j as a stock one does', (packet) => {
    expect(encode(packet)).toEqual(new StockEncoder().encode(packet));
  });

  test('the server speaks stock text to everybody', () => {
    expect(serverParser.Encoder).toBe(StockEncoder);
  });

  test('any event is read as by the stock decoder', () => {
    const json = fc.jsonValue({ maxDepth: 6 });
    const packet = fc.record({ name: fc.string(), args: fc.array(json), id: fc.option(fc.nat(), { nil: undefined }) });
    fc.assert(
      fc.property(packet, ({ name, args, id }) => {
        const [text] = new StockEncoder().encode(event([`x:${name}`, ...args], id === undefined ? {} : { id }));
        expect(decode(text)).toEqual(stockDecode(text));
      }),
    );
  });

  test('an event made of JSON text is what the stock encoder writes', () => {
    const text = textPacket('message:created', JSON.stringify(stored));
    expect([text]).toEqual(new StockEncoder().encode(event(['message:created', stored])));
  });
});

test('what comes to one decoder is heard by its listener alone', () => {
  const heard = ['a', 'b'].map((name) => {
    const packets: unknown[] = [];
    const decoder = new serverParser.Decoder();
    decoder.on('decoded', ({ data }) => packets.push(data));
    return { name, decoder, packets };
  });
  for (const { name, decoder } of heard) decoder.add(`2["${name}"]`);
  expect(heard.map(({ packets }) => packets)).toEqual([[['a']], [['b']]]);
});

describe('messages as frames', () => {
  test.each([undefined, 0, 41])('a sending with acknowledgement %s arrives as the event that was sent', (id) => {
    const packet = event(['message:send', send], id === undefined ? {} : { id });
    const [frame, ...more] = encode(packet);
    expect(frame).toBeInstanceOf(Uint8Array);
    expect(more).toEqual([]);
    expect(decode(frame)).toStrictEqual([packet]);
  });

  test('a stored message arrives as the event that a stock client gets', () => {
    const frame = encodeMessage(stored);
    expect(decode(frame)).toStrictEqual(stockDecode(textPacket('message:created', JSON.stringify(stored))));
    expect(decode(frame.slice().buffer)).toEqual(decode(Buffer.from(frame)));
  });

  const odd = 'sesş_01kg20kq7v700080000000000';
  test.each<[string, unknown]>([
    ['an id that is too short', { ...send, session_id: 'ses_1' }],
    ['a client_msg_id that is no UUID', { ...send, client_msg_id: '1' }],
    ['an empty reply_to', { ...send, reply_to: '' }],
    ['a reply_to that is no text', { ...send, reply_to: { length: 30 } }],
    ['a choice_id that is null', { ...send, choice_id: null }],
    ['a choice_id that is a number', { ...send, choice_id: 5 }],
    ['an empty choice_id', { ...send, choice_id: '' }],
    ['a choice_id of 256', { ...send, choice_id: 'x'.repeat(256) }],
    ['an unknown type', { ...send, type: 'sticker' }],
    ['a lone surrogate', { ...send, content: 'a\ud800b' }],
    ['a lone surrogate in an id', { ...send, session_id: `ses_${'\udc00'.repeat(26)}` }],
    ['a list as content', { ...send, content: ['a'] }],
    ['a date as content', { ...send, content: new Date(0) }],
    ['no content', { ...send, content: undefined }],
    ['content beyond the limit', { ...send, content: '货'.repeat(50_000) }],
    ['content far beyond the limit', { ...send, content: 'x'.repeat(1_000_000) }],
    ['a field of the server', { ...send, seq_id: 1 }],
    ['no message', null],
    ['a text', 'hello'],
  ])('%s goes as JSON, so that the server can refuse it by name', (_, message) => {
    const packet = event(['message:send', message], { id: 7 });
    expect(encode(packet)).toEqual(new StockEncoder().encode(packet));
  });

  test.each([
    event(['message:send', send], { nsp: '/other' }),
    event(['message:send', send, 'more']),
    event(['message:send']),
    event(['message:send', send], { id: -1 }),
    event(['message:created', stored]),
  ])('what a frame would change goes as JSON: %#', (packet) => {
    expect(encode(packet)).toEqual(new StockEncoder().encode(packet));
  });

  test.each([
    odd,
    session_id.toUpperCase(),
    session_id.replace('s', '\ufeff'),
    's\0敳_01kg20kq7v700080000000000',
    'vis_01kg20kq7v7000800000000000',
  ])('a wrong id, %j, arrives as wrong as in JSON', (wrong) => {
    const packet = event(['message:send', { ...send, session_id: wrong }], { id: 1 });
    expect(decode(...encode(packet))).toEqual(stockDecode(...new StockEncoder().encode(packet)));
  });

  test('any sending means the same in both codecs', () => {
    const any = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary', minLength: 30, maxLength: 30 }),
      fc.jsonValue(),
    );
    const message = fc.record(
      {
        session_id: fc.oneof(fc.constant(session_id), any),
        client_msg_id: fc.oneof(fc.uuid(), any),
        type: fc.oneof(fc.constantFrom('text', 'card', 'recall'), any),
        content: any,
        reply_to: any,
        choice_id: any,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(message, fc.option(fc.nat(), { nil: undefined }), (said, id) => {
        const packet = event(['message:send', said], id === undefined ? {} : { id });
        const [byFrame] = decode(...encode(packet));
        const [byText] = stockDecode(...new StockEncoder().encode(packet));
        expect(withoutNullReply(byFrame)).toEqual(withoutNullReply(byText));
      }),
      { numRuns: 500 },
    );
  });

  /** An answer to nothing: the contract takes null as it takes none. */
  function withoutNullReply(packet: Packet | undefined): unknown {
    const [name, message] = (packet?.data ?? []) as [string, { reply_to?: unknown }];
    const { reply_to, ...rest } = message;
    return { ...packet, data: [name, reply_to === null ? rest : message] };
  }
});

describe('what nobody can read is one MALFORMED event', () => {
  const deep = (open: string, close: string) => open.repeat(10_000) + close.repeat(10_000);
  test.each<[string, unknown]>([
    ['}{', '}{'],
    ['42[', '42['],
    ['999', '999'],
    ['nothing of an event', '2["connect"]'],
    ['an event that is no list', '2{"a":1}'],
    ['an announced attachment', '51-["x",{"_placeholder":true,"num":0}]'],
    ['a million announced attachments', '51000000-["x"]'],
    ['an announced attachment of an acknowledgement', '61-1[{"_placeholder":true,"num":0}]'],
    ['lists 10,000 deep', `2["message:send",${deep('[', ']')}]`],
    ['objects 10,000 deep', `2["message:send",${deep('{"a":', '}')}]`],
    ['lists 10,000 deep behind a quote in the namespace', `2/",["message:send",${deep('[', ']')}]`],
    ['sign-in data 10,000 deep', `0{"a":${deep('[', ']')}}`],
    ['a text beyond the limit', `2["x","${'y'.repeat(MAX_PACKET_BYTES)}"]`],
    ['no bytes', new Uint8Array()],
    ['other bytes', Buffer.from([4, 8, 15, 16, 23, 42])],
    ['an empty ArrayBuffer', new ArrayBuffer(0)],
    ['a number', 5],
    ['null', null],
    ['undefined', undefined],
    ['an object', { base64: true, data: 'AAAA' }],
  ])('%s', (_, input) => {
    const packets = decode(input);
    expect(packets).toHaveLength(1);
    expect(isMalformed(packets[0])).toBe(true);
  });

  test('nothing throws, and the connection can be read on', () => {
    const input = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'0123456[]{}",:/-a '.split('')) }),
      fc.uint8Array({ maxLength: 300 }),
      fc.anything(),
    );
    const good = '2["still","here"]';
    fc.assert(
      fc.property(fc.array(input), (inputs) => {
        const packets = decode(...inputs, good);
        expect(packets).toHaveLength(inputs.length + 1);
        expect(packets.at(-1)).toEqual(stockDecode(good)[0]);
      }),
      { numRuns: 1_000 },
    );
  });

  test('bytes behind announced attachments are frames or malformed, never part of the event', () => {
    const announced = '51-["x",{"_placeholder":true,"num":0}]';
    const packets = decode(announced, encodeMessage(stored), Buffer.from('attached'), '2["y"]');
    expect(packets.map(isMalformed)).toEqual([true, false, true, false]);
  });

  test('the fault of a listener is not the fault of the packet', () => {
    const heard: Packet[] = [];
    const decoder = new serverParser.Decoder();
    decoder.on('decoded', (packet) => {
      heard.push(packet);
      throw new TypeError('of the listener');
    });
    expect(() => decoder.add('2["a"]')).toThrow('of the listener');
    expect(heard.map(isMalformed)).toEqual([false]);
  });
});

test('a decoder without a listener or after its end is silent, and can be listened to again', () => {
  const packets: Packet[] = [];
  const decoder = new serverParser.Decoder();
  const listen = () => decoder.on('decoded', (packet) => packets.push(packet));
  decoder.add('2["a"]');
  for (const end of [() => decoder.destroy(), () => decoder.off(), () => decoder.removeListener()]) {
    listen();
    end();
    decoder.add('2["a"]');
  }
  expect(packets).toEqual([]);
  listen();
  decoder.add('2["a"]');
  expect(packets).toHaveLength(1);
});
