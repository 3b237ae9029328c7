/**
 * Whether a page of that origin may open a socket: none is named (no browser), all may, it is listed, or it is a page of our
 * own (console and widget come from here).
 */
export function isOriginAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined || allowed.length === 0) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  return page.host === host || allowed.some((one) => new URL(one).origin === page.origin);
}
