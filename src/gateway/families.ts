/** This room's counts as whoever exports them wants them. */
import { counter, type Family, gauge, peak } from '../base/metrics.ts';
import type { GatewayMetrics } from './metrics.ts';

export function gatewayFamilies(m: GatewayMetrics): Family[] {
  return [
    gauge('guildhall_sockets', 'Open WebSockets.', m.sockets),
    gauge('guildhall_sessions', 'Sessions, detached ones included.', m.sessions),
    gauge('guildhall_sessions_live', 'Sessions that get events as they are published.', m.live),
    gauge('guildhall_sessions_detached', 'Sessions without a socket.', m.detached),
    gauge('guildhall_log_entries', 'Dispatches in the log.', m.logEntries),
    gauge('guildhall_log_bytes', 'Size of the log, approximately.', m.logBytes),
    gauge('guildhall_variants', 'Variants of topics with a live session.', m.variants),
    gauge('guildhall_owners_heard', 'Owners that a session of the worker hears or has asked.', m.owners),
    counter('guildhall_publishes_total', 'Frames given to the runtime to publish.', m.publishes),
    counter('guildhall_published_total', 'Events that passed the outlet.', m.published),
    counter('guildhall_frames_written_total', 'Frames written to one socket.', m.written),
    counter('guildhall_flushes_total', 'Flushes of the outlet.', m.flushes),
    counter(
      'guildhall_sessions_paced_total',
      'Live sessions whose sockets did not keep up; they go on at drain.',
      m.paced,
    ),
    peak('guildhall_flush_gather_seconds', 'How long events gather for the next flush.', m.gatheredMs / 1000),
    counter('guildhall_sockets_refused_total', 'WebSockets for which there was no room.', m.socketsRefused),
    counter(
      'guildhall_sockets_closed_total',
      'WebSockets that the server closed, by reason.',
      Object.entries(m.closed),
      'reason',
    ),
    counter(
      'guildhall_sessions_gave_way_total',
      'Sessions without a socket that ended because there were too many.',
      m.gaveWay,
    ),
    counter('guildhall_sessions_refused_total', 'op 9, by reason.', Object.entries(m.refused), 'reason'),
    gauge('guildhall_handshakes', 'Identifies and resumes under way.', m.handshakes),
    gauge('guildhall_handshakes_waiting', 'Identifies and resumes that wait for their turn.', m.handshakesWaiting),
    counter('guildhall_handshakes_turned_away_total', 'Those that were told to come again later.', m.turnedAway),
    counter('guildhall_resumes_total', 'Sessions that were resumed.', m.resumed),
    counter('guildhall_moves_total', 'Sessions that came from another worker.', m.moved),
    counter('guildhall_holes_total', 'Gaps on links, after which sessions attach again.', m.holes),
  ];
}
