import { Column, Entity, PrimaryColumn } from 'typeorm';
import type {
  AgentRole,
  AgentStatus,
  BootBody,
  BusinessHours,
  ChannelSettings,
  SessionState,
  TeamStrategy,
  TeamVisibility,
} from '#libs/contracts';
import type { AgentId, BusinessHoursId, ChannelId, KeyId, SessionId, TeamId, VisitorId } from '#libs/protocol';

/** Rows with the names of their columns; ids are plain columns, as mutual relations die under ESM. */
@Entity('teams')
export class TeamRow {
  @PrimaryColumn({ type: 'varchar' }) team_id!: TeamId;
  @Column({ type: 'varchar' }) name!: string;
  @Column({ type: 'varchar' }) strategy!: TeamStrategy;
  @Column({ type: 'varchar' }) visibility!: TeamVisibility;
  @Column({ type: 'varchar', nullable: true }) business_hours_id!: BusinessHoursId | null;
  @Column({ type: 'simple-json' }) skills!: string[];
  @Column({ type: 'int' }) ageing_seconds!: number;
  @Column({ type: 'int' }) offer_seconds!: number;
  @Column({ type: 'int', nullable: true }) first_reply_seconds!: number | null;
  @Column({ type: 'int', nullable: true }) next_reply_seconds!: number | null;
  @Column({ type: 'datetime', precision: 6 }) created_at!: Date;
  @Column({ type: 'datetime', precision: 6 }) updated_at!: Date;
}

@Entity('business_hours')
export class BusinessHoursRow {
  @PrimaryColumn({ type: 'varchar' }) business_hours_id!: BusinessHoursId;
  @Column({ type: 'varchar' }) name!: string;
  @Column({ type: 'varchar' }) time_zone!: string;
  @Column({ type: 'simple-json' }) week!: BusinessHours['week'];
  @Column({ type: 'simple-json' }) days!: BusinessHours['days'];
  @Column({ type: 'datetime', precision: 6 }) created_at!: Date;
  @Column({ type: 'datetime', precision: 6 }) updated_at!: Date;
}

@Entity('team_members')
export class TeamMemberRow {
  @PrimaryColumn({ type: 'varchar' }) team_id!: TeamId;
  @PrimaryColumn({ type: 'varchar' }) agent_id!: AgentId;
}

@Entity('agents')
export class AgentRow {
  @PrimaryColumn({ type: 'varchar' }) agent_id!: AgentId;
  @Column({ type: 'varchar' }) username!: string;
  @Column({ type: 'varchar', select: false }) password_hash!: string;
  @Column({ type: 'varchar' }) name!: string;
  @Column({ type: 'varchar' }) role!: AgentRole;
  @Column({ type: 'varchar', nullable: true }) email!: string | null;
  @Column({ type: 'varchar' }) locale!: string;
  @Column({ type: 'simple-json' }) skills!: string[];
  @Column({ type: 'simple-json' }) languages!: string[];
  @Column({ type: 'varchar' }) status!: AgentStatus;
  @Column({ type: 'int' }) capacity!: number;
  @Column({ type: 'int' }) active!: number;
  @Column({ type: 'tinyint', transformer: { from: Boolean, to: Number } }) disabled!: boolean;
  @Column({ type: 'datetime', precision: 6 }) created_at!: Date;
  @Column({ type: 'datetime', precision: 6 }) updated_at!: Date;
}

@Entity('channels')
export class ChannelRow {
  @PrimaryColumn({ type: 'varchar' }) channel_id!: ChannelId;
  @Column({ type: 'varchar' }) name!: string;
  @Column({ type: 'varchar' }) team_id!: TeamId;
  @Column({ type: 'varchar' }) bot!: 'builtin' | 'external' | 'none';
  @Column({ type: 'varchar' }) identity!: 'optional' | 'required';
  @Column({ type: 'text', select: false }) identity_secret_encrypted!: string;
  @Column({ type: 'simple-json' }) allowed_origins!: string[];
  /** What is missing is as `channelSettingsOf` says. */
  @Column({ type: 'simple-json' }) settings!: Partial<ChannelSettings>;
  @Column({ type: 'datetime', precision: 6 }) created_at!: Date;
  @Column({ type: 'datetime', precision: 6 }) updated_at!: Date;
}

@Entity('visitors')
export class VisitorRow {
  @PrimaryColumn({ type: 'varchar' }) visitor_id!: VisitorId;
  @Column({ type: 'varchar' }) channel_id!: ChannelId;
  @Column({ type: 'varchar', nullable: true }) user_id!: string | null;
  @Column({ type: 'varchar', nullable: true }) name!: string | null;
  @Column({ type: 'varchar', nullable: true }) email!: string | null;
  @Column({ type: 'varchar', nullable: true }) phone!: string | null;
  @Column({ type: 'varchar', nullable: true }) locale!: string | null;
  /** The integrator's own data. */
  @Column({ type: 'simple-json' }) attributes!: Record<string, string>;
  /** Where the visitor was when the widget was last started. */
  @Column({ type: 'simple-json', nullable: true }) page!: NonNullable<BootBody['page']> | null;
  @Column({ type: 'datetime', precision: 6 }) created_at!: Date;
  @Column({ type: 'datetime', precision: 6 }) updated_at!: Date;
}

@Entity('api_keys')
export class ApiKeyRow {
  @PrimaryColumn({ type: 'varchar' }) key_id!: KeyId;
  @Column({ type: 'varchar' }) name!: string;
  @Column({ type: 'varchar' }) key_hash!: string;
  @Column({ type: 'simple-json' }) scopes!: string[];
  @Column({ type: 'simple-json' }) sender_names!: string[];
  @Column({ type: 'datetime', precision: 6, nullable: true }) expires_at!: Date | null;
  @Column({ type: 'datetime', precision: 6 }) created_at!: Date;
}

/** What is asked of a session by TypeORM; lifecycle/sessions.store.ts reads the rest. */
@Entity('sessions')
export class SessionRow {
  @PrimaryColumn({ type: 'varchar' }) session_id!: SessionId;
  @Column({ type: 'varchar' }) state!: SessionState;
  @Column({ type: 'varchar' }) origin!: 'visitor' | 'agent' | 'api';
  @Column({ type: 'varchar', nullable: true }) previous_session_id!: SessionId | null;
}

export const entities = [
  TeamRow,
  BusinessHoursRow,
  TeamMemberRow,
  AgentRow,
  ChannelRow,
  VisitorRow,
  ApiKeyRow,
  SessionRow,
];
