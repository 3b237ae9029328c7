/** What clients and servers say to each other on the wire: ids, rooms, the binary frame and its socket.io parser. */
export { type DecodedFrame, decodeFrame } from './frame-decode.ts';
export { encodeMessage, encodeSend } from './frame-encode.ts';
export { FrameHeader, readHeader } from './frame-header.ts';
export {
  FRAME_VERSION,
  MAX_PACKET_BYTES,
  messageTypes,
  senderRoles,
  type WireMessage,
  type WireSend,
} from './frame-layout.ts';
export {
  type AgentId,
  type BusinessHoursId,
  type ChannelId,
  type EventId,
  formatId,
  idBytes,
  type IdByPrefix,
  type IdPrefix,
  isId,
  type KeyId,
  makeId,
  type MessageId,
  type NoteId,
  type SessionId,
  type TeamId,
  timeOf,
  type VisitorId,
} from './ids.ts';
export { deriveMessageId, VISITOR_SENDER } from './message-id.ts';
export { binaryClientParser, MALFORMED, serverParser, textPacket } from './parser.ts';
export { agentRoom, teamRoom, visitorRoom, watchRoom } from './rooms.ts';
export { toSendTime } from './send-time.ts';
