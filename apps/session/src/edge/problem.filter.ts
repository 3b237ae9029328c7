import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { type ErrorCode, localeOf, Refusal, toProblem } from '#libs/contracts';
import { KafkaError } from '#libs/kafka';
import type { Logger } from '#libs/observability';
import { isConnectionLost, isRetryable } from '../database/transact.ts';

/** Every error of HTTP as `application/problem+json`; what nobody expected is logged and told without its inside. */
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
    const refusal = this.#toRefusal(error);
    const problem = toProblem(refusal, localeOf(http.getRequest<Request>().headers['accept-language']));
    // The same call is under way somewhere: it takes no longer than a transaction.
    if (problem.code === 'IN_PROGRESS') response.setHeader('retry-after', '1');
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  }

  #toRefusal(error: unknown): Refusal {
    if (error instanceof Refusal) return error;
    if (error instanceof HttpException) return fromHttp(error);
    if (error instanceof KafkaError || isConnectionLost(error) || isRetryable(error)) {
      this.#log.warn({ err: error }, 'a neighbour is away');
      return new Refusal('UNAVAILABLE');
    }
    const status = (error as { status?: unknown } | null)?.status;
    if (status === 413) return new Refusal('PAYLOAD_TOO_LARGE');
    if (typeof status === 'number' && status >= 400 && status < 500) return new Refusal('VALIDATION_FAILED');
    this.#log.error({ err: error }, 'a request failed unexpectedly');
    return new Refusal('UNAVAILABLE');
  }
}

/** Nest's own refusals: broken JSON, no such path, a body too large. */
function fromHttp(error: HttpException): Refusal {
  const codes: Record<number, ErrorCode> = {
    401: 'UNAUTHENTICATED',
    403: 'FORBIDDEN',
    404: 'NOT_FOUND',
    413: 'PAYLOAD_TOO_LARGE',
  };
  const status = error.getStatus();
  if (status >= 500) return new Refusal('UNAVAILABLE');
  return new Refusal(codes[status] ?? 'VALIDATION_FAILED', { detail: error.message });
}
