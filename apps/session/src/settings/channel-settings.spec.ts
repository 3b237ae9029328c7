import { expect, test } from 'vitest';
import { createChannelBody } from '#libs/contracts';
import { channelSettings, channelSettingsOf } from './channel-settings.ts';

test('a channel that has kept nothing behaves like one that was made with the least that can be said', () => {
  const made = createChannelBody.parse({ name: 'Shop', team_id: `team_${'0'.repeat(26)}` });
  expect(made).toMatchObject(channelSettingsOf({}));
});

test('each timer that was not kept is the default; what later versions have kept is left out', () => {
  const kept = { timers: { close_seconds: 60 }, of_a_later_version: true } as never;
  expect(channelSettingsOf(kept).timers).toEqual({
    waiting_seconds: 180,
    remind_seconds: 300,
    close_seconds: 60,
    unseen_seconds: 0,
  });
  expect(Object.keys(channelSettingsOf(kept)).toSorted()).toEqual(channelSettings.toSorted());
});
