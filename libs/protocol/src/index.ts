/** What clients and servers say to each other on the wire: ids, rooms, the binary frame and its socket.io parser. */
export {
  decodeFrame,
  type DecodedFrame,
  encodeMessage,
  encodeSend,
  FRAME_VERSION,
  type FrameHeader,
  readHeader,
} from './frame.ts';
export {
  type AgentId,
  type ChannelId,
  deriveMessageId,
  type EventId,
  formatId,
  idBytes,
  type IdByPrefix,
  type IdPrefix,
  isId,
  type KeyId,
  makeId,
  type MessageId,
  type SessionId,
  type TeamId,
  timeOf,
  type VisitorId,
  VISITOR_SENDER,
} from './ids.ts';
export { binaryClientParser, MALFORMED, serverParser, textPacket } from './parser.ts';
export { agentRoom, teamRoom, visitorRoom, watchRoom } from './rooms.ts';
