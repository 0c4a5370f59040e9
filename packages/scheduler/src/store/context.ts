import type { Reservations } from './attempts/reservations/reservations.ts';
import type { Database } from './database/database.ts';
import type { Notifications } from './database/notifications.ts';
import type { Queues } from './jobs/queues.ts';
import type { Availability } from './supervision/availability.ts';

/** What the operations of an open store work on. */
export interface StoreContext {
  readonly database: Database;
  readonly queues: Queues;
  readonly notifications: Notifications;
  readonly availability: Availability;
  readonly reservations: Reservations;
  /** How long an ended job can be looked at. */
  readonly keepEndedSeconds: number;
}
