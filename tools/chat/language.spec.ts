import { expect, test } from 'vitest';
import { languageOf } from './language.ts';

test.each([
  [{ LANG: 'zh_CN.UTF-8' }, 'zh-CN'],
  [{ LANG: 'en_GB' }, 'en-GB'],
  [{ LANG: 'de' }, 'de'],
  [{ LANG: 'de_AT@euro', LC_ALL: 'fr_FR.UTF-8' }, 'fr-FR'],
  [{ LANG: 'C.UTF-8' }, 'en'],
  [{ LANG: 'POSIX' }, 'en'],
  [{}, 'en'],
])('%j', (env, language) => {
  expect(languageOf(env)).toBe(language);
});
