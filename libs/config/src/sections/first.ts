import { z } from 'zod';
import { password, secret } from './secret.ts';

/**
 * What an installation begins with. Read by the one program that puts it in place, never by a service, and no part of
 * default.yaml: afterwards people change it, not settings.
 */
export const first = {
  first: z
    .strictObject({
      admin_username: z
        .string()
        .regex(
          /^[a-z0-9][a-z0-9._@-]{0,99}$/i,
          'must begin with a letter or digit; at most 100 letters, digits, . _ @ -',
        )
        .default('admin')
        .meta({ description: 'The name with which the first admin signs in.' }),
      admin_password: password("The first admin's password: at least 12 characters."),
      identity_secret: secret('The secret with which your site signs who its visitors are, in the first channel.'),
      api_key: z
        .string()
        .regex(/^sk_[A-Za-z0-9_-]{32,}$/, 'must be sk_ and at least 32 letters or digits')
        .optional()
        .meta({
          description:
            'The first API key, with every scope: sk_ and what `openssl rand -hex 24` prints. Empty: none is made.',
          secret: true,
        }),
    })
    // A left-out section is judged as an empty one, so that what is missing is named by its whole path.
    .prefault({} as never),
};
