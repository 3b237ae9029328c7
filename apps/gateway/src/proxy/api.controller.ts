import type { IncomingMessage, ServerResponse } from 'node:http';
import { All, Controller, Req, Res } from '@nestjs/common';
import { ApiProxy } from './api-proxy.client.ts';

/** The public REST API, which session answers. Nothing else of session can be reached from here. */
@Controller()
export class ApiController {
  readonly #proxy: ApiProxy;

  constructor(proxy: ApiProxy) {
    this.#proxy = proxy;
  }

  @All(['api', 'api/{*path}'])
  pass(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.#proxy.pass(request, response);
  }
}
