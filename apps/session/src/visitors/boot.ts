import { isDeepStrictEqual } from 'node:util';
import type { DataSource } from 'typeorm';
import { type BootBody, type ChannelSettings, Refusal, type Session } from '#libs/contracts';
import type { ChannelId } from '#libs/protocol';
import { ChannelRow, VisitorRow } from '../database/entities.ts';
import { newId } from '../database/ids.ts';
import { isDuplicate } from '../database/transact.ts';
import type { FindSessions } from '../lifecycle/find-sessions.ts';
import { Sealing } from '../people/sealing.ts';
import { Tokens } from '../people/tokens.ts';
import type { QueueStore } from '../queue/queue.store.ts';
import { channelSettingsOf } from '../settings/channel-settings.ts';
import { type Identity, readIdentity, requireForeign } from './identity.ts';

export interface Booted {
  visitor_token: string;
  visitor: Pick<VisitorRow, 'visitor_id' | 'user_id' | 'name' | 'email' | 'phone' | 'attributes'>;
  session: Session | null;
  channel: ChannelView;
}

/** What the widget is told of its channel. */
type ChannelView = Pick<ChannelRow, 'channel_id' | 'name' | 'bot'> &
  Pick<ChannelSettings, 'theme' | 'texts' | 'pre_chat' | 'hot_questions'> & {
    /** Whether its team is at work now, by its business hours. */
    open: boolean;
  };

/** What is said of a visitor; of what is missing nothing is said. */
interface Told {
  identity?: Identity | undefined;
  locale?: BootBody['locale'];
  page?: BootBody['page'];
}

/** What the widget begins with: who the visitor is, a fresh token, the open session, and the channel's looks. */
export class Boot {
  readonly #dataSource: DataSource;
  readonly #tokens: Tokens;
  readonly #sealing: Sealing;
  readonly #find: FindSessions;
  readonly #queueStore: QueueStore;

  constructor(
    dataSource: DataSource,
    tokens: Tokens,
    sealing: Sealing,
    { find, queueStore }: { find: FindSessions; queueStore: QueueStore },
  ) {
    this.#dataSource = dataSource;
    this.#tokens = tokens;
    this.#sealing = sealing;
    this.#find = find;
    this.#queueStore = queueStore;
  }

  /** @throws Refusal NOT_FOUND for an unknown channel, UNAUTHENTICATED for a bad or a missing identity. */
  async run(body: BootBody): Promise<Booted> {
    const channel = await this.#channel(body.channel_id);
    const identity = await this.#identity(body, channel);
    const told: Told = { identity, locale: body.locale, page: body.page };
    const visitor = (await this.#known(body, identity)) ?? (await this.#create(body.channel_id, told));
    await this.#refresh(visitor, told);
    const { visitor_id, user_id, name, email, phone, attributes } = visitor;
    const { channel_id } = channel;
    return {
      visitor_token: await this.#tokens.signVisitor(visitor_id, channel_id),
      visitor: { visitor_id, user_id, name, email, phone, attributes },
      session: (await this.#find.findOpen({ kind: 'visitor', visitor_id, channel_id })) ?? null,
      channel: await this.#view(channel),
    };
  }

  /**
   * The visitor of an integrator's user id, made when it is new.
   * @throws Refusal NOT_FOUND for an unknown channel, VALIDATION_FAILED for a user id that begins like one of ours
   */
  async forUser(channel_id: ChannelId, user_id: string, attributes: Record<string, string> = {}): Promise<VisitorRow> {
    requireForeign(user_id, 'VALIDATION_FAILED');
    // Before anything is written: a row of a channel that isn't there would make the user id a double for ever.
    await this.#channel(channel_id);
    const known = await this.#dataSource.manager.findOneBy(VisitorRow, { channel_id, user_id });
    return known ?? (await this.#create(channel_id, { identity: { user_id, attributes, isSigned: true } }));
  }

  /** The visitor of an integrator's user id. @throws Refusal NOT_FOUND */
  async findUser(channel_id: ChannelId, user_id: string): Promise<VisitorRow> {
    const known = await this.#dataSource.manager.findOneBy(VisitorRow, { channel_id, user_id });
    if (!known) throw new Refusal('NOT_FOUND', { detail: 'no such visitor' });
    return known;
  }

  async #channel(channel_id: ChannelId): Promise<ChannelRow> {
    const channel = await this.#dataSource.manager.findOneBy(ChannelRow, { channel_id });
    if (!channel) throw new Refusal('NOT_FOUND', { detail: 'no such channel' });
    return channel;
  }

  /** Its timers, and to whom visitors come back, are not for visitors. */
  async #view({ channel_id, name, bot, team_id, settings }: ChannelRow): Promise<ChannelView> {
    const { theme, texts, pre_chat, hot_questions } = channelSettingsOf(settings);
    const team = await this.#queueStore.readTeam(this.#dataSource.manager, team_id);
    return { channel_id, name, theme, texts, pre_chat, hot_questions, bot, open: team?.is_open ?? false };
  }

  async #identity({ identity }: BootBody, { channel_id, identity: wanted }: ChannelRow): Promise<Identity | undefined> {
    const [row] = await this.#dataSource.query<{ identity_secret_encrypted: string }[]>(
      'SELECT identity_secret_encrypted FROM channels WHERE channel_id = ?',
      [channel_id],
    );
    const secret = this.#sealing.open(row?.identity_secret_encrypted ?? '');
    const found = identity && (await readIdentity(identity, channel_id, secret));
    if (wanted === 'required' && !found?.isSigned) throw new Refusal('UNAUTHENTICATED');
    return found;
  }

  /** By a signed identity, else by the token of an earlier visit; an unsigned user id never takes over somebody's visitor. */
  async #known({ channel_id, visitor_token }: BootBody, identity: Identity | undefined): Promise<VisitorRow | null> {
    const manager = this.#dataSource.manager;
    if (identity?.isSigned) return manager.findOneBy(VisitorRow, { channel_id, user_id: identity.user_id });
    if (visitor_token === undefined) return null;
    const caller = await this.#tokens.verify(visitor_token).catch((error: unknown) => {
      // An expired token begins a new visitor; anything but a refusal is no answer.
      if (error instanceof Refusal) return undefined;
      throw error;
    });
    if (caller?.kind !== 'visitor' || caller.channel_id !== channel_id) return null;
    return manager.findOneBy(VisitorRow, { visitor_id: caller.visitor_id, channel_id });
  }

  async #create(channel_id: ChannelId, { identity, locale, page }: Told): Promise<VisitorRow> {
    const now = new Date();
    // Without a signature anybody could claim the id: such a visitor keeps it as an attribute only.
    const user_id = identity?.isSigned ? identity.user_id : null;
    const claimed: Record<string, string> = identity && !identity.isSigned ? { claimed_user_id: identity.user_id } : {};
    const visitor: VisitorRow = {
      visitor_id: newId('vis'),
      channel_id,
      user_id,
      name: identity?.name ?? null,
      email: identity?.email ?? null,
      phone: identity?.phone ?? null,
      locale: locale ?? null,
      attributes: { ...identity?.attributes, ...claimed },
      page: page ?? null,
      created_at: now,
      updated_at: now,
    };
    try {
      await this.#dataSource.manager.insert(VisitorRow, visitor);
      return visitor;
    } catch (error) {
      if (!isDuplicate(error) || user_id === null) throw error;
      return this.#dataSource.manager.findOneByOrFail(VisitorRow, { channel_id, user_id });
    }
  }

  /** Writes what is said and was not known; a boot that says nothing new writes nothing. */
  async #refresh(visitor: VisitorRow, { identity, locale, page }: Told): Promise<void> {
    const { name, email, phone } = identity ?? {};
    const attributes = identity?.attributes && { ...visitor.attributes, ...identity.attributes };
    const told = Object.entries({ name, email, phone, locale, page, attributes });
    const news = told.filter(([column, value]) => {
      return value !== undefined && !isDeepStrictEqual(value, visitor[column as keyof VisitorRow]);
    });
    if (news.length === 0) return;
    const changes = Object.fromEntries(news);
    Object.assign(visitor, changes);
    const { visitor_id } = visitor;
    await this.#dataSource.manager.update(VisitorRow, { visitor_id }, { ...changes, updated_at: new Date() });
  }
}
