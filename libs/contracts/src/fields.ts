import { z } from 'zod';
import { unicode } from './message.ts';

/** A language tag (BCP 47) of at most three parts. */
export const languageTag = z.string().regex(/^[a-z]{2,3}(-[a-z0-9]{2,8}){0,2}$/i);

/** How many items of a list are asked for. */
export const pageSize = z.coerce.number().int().min(1).max(200);

/** What the query of every list takes: where to go on, as the page before said in `next_cursor`, and how many. */
export const listFields = { cursor: z.string().max(200).optional(), limit: pageSize.default(50) };

/** What somebody or something is called: one line, without signs that no screen shows. */
export const name = unicode(100)
  .trim()
  .min(1)
  .regex(/^\P{Cc}*$/u, 'must not hold control characters');
