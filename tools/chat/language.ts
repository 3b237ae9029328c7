/** The language that the environment asks for, as a tag: `zh_CN.UTF-8` is `zh-CN`; English where it asks for none. */
export function languageOf(env: Readonly<Record<string, string | undefined>>): string {
  const wanted = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '';
  const [, language, country] = /^([a-z]{2,3})(?:_([A-Z]{2}))?(?:[.@]|$)/.exec(wanted) ?? [];
  if (language === undefined) return 'en';
  return country === undefined ? language : `${language}-${country}`;
}
