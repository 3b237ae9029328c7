import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { localeOf, Refusal, toProblem } from '#libs/contracts';
import type { Logger } from '#libs/observability';

/** What no handler answered, as `application/problem+json`: no such path, mostly. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    if (response.headersSent) return;
    const problem = toProblem(this.#toRefusal(error), localeOf(http.getRequest<Request>().headers['accept-language']));
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  }

  #toRefusal(error: unknown): Refusal {
    const status = error instanceof HttpException ? error.getStatus() : undefined;
    if (status === 404) return new Refusal('NOT_FOUND');
    if (status !== undefined && status < 500) return new Refusal('VALIDATION_FAILED');
    this.#log.error({ err: error }, 'a request failed unexpectedly');
    return new Refusal('UNAVAILABLE');
  }
}
