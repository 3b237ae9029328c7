import { WebSocketGateway } from '@nestjs/websockets';

/** Makes Nest open the socket server; what happens on it is in the adapter and behind it. */
@WebSocketGateway()
export class SocketsGateway {}
