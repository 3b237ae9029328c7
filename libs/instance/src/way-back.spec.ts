import { expect, test } from 'vitest';
import { WayBack } from './way-back.ts';

test('steps are undone in the opposite order, once', async () => {
  const undone: string[] = [];
  const wayBack = new WayBack(() => void undone.push('folder'));
  wayBack.add(() => void undone.push('engines'));
  wayBack.add(() => void undone.push('services'));
  await Promise.all([wayBack.go(), wayBack.go()]);
  expect(undone).toEqual(['services', 'engines', 'folder']);
});

test('a step that fails keeps none of the others from its turn', async () => {
  const undone: string[] = [];
  const wayBack = new WayBack(() => void undone.push('folder'));
  wayBack.add(() => {
    throw new Error('stuck');
  });
  await expect(wayBack.go()).rejects.toThrow('not all could be stopped');
  expect(undone).toEqual(['folder']);
});
