/** What the contract's objects need is 5; more than this is an attack on whoever walks over the value. */
const MAX_DEPTH = 32;

/** Whether JSON text nests deeper than anything of the contract does. Text that is no JSON may give either answer. */
export function isTooDeep(json: string): boolean {
  // Nearly all texts have a few brackets, and looking for them is much cheaper than reading every character.
  return countUpTo(json, '{', MAX_DEPTH) + countUpTo(json, '[', MAX_DEPTH) > MAX_DEPTH && depthOf(json) > MAX_DEPTH;
}

function countUpTo(text: string, letter: string, most: number): number {
  let count = 0;
  for (let at = text.indexOf(letter); at >= 0 && count <= most; at = text.indexOf(letter, at + 1)) count += 1;
  return count;
}

function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let index = 0; index < json.length; index += 1) {
    const letter = json[index];
    if (isInString) {
      if (letter === '\\') index += 1;
      else if (letter === '"') isInString = false;
    } else if (letter === '"') isInString = true;
    else if (letter === '{' || letter === '[') deepest = Math.max(deepest, (depth += 1));
    else if (letter === '}' || letter === ']') depth -= 1;
  }
  return deepest;
}
