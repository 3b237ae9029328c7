import { type Caller, hasScope } from './rights.ts';

/** How much of what admins set a caller is shown: all of it, what agents may know, or nothing. */
export type SettingsSight = 'all' | 'as agent' | 'nothing';

/** Changing them is for admins and keys with the scope `admin` alone; the guard of the call says so. */
export function settingsSightOf(caller: Caller): SettingsSight {
  if (caller.kind === 'visitor') return 'nothing';
  if (caller.kind === 'key') return hasScope(caller, 'admin') ? 'all' : 'nothing';
  return caller.role === 'agent' ? 'as agent' : 'all';
}
