//! A group's life, with the time in hand.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use super::*;

const SESSION: Duration = Duration::from_secs(6);

/// A group and the time.
struct Watched {
    group: Group,
    now: Instant,
}

impl Watched {
    fn new() -> Self {
        Self { group: Group::default(), now: Instant::now() }
    }

    fn after(&mut self, time: Duration) {
        self.now += time;
        self.group.sweep(self.now);
    }

    /// Asks for an id, and joins with it.
    fn newcomer(&mut self) -> StrBytes {
        let (code, id) = self.group.join(joining(""), self.now).unwrap_err();
        assert_eq!(code, ResponseError::MemberIdRequired);
        self.again(&id);
        id
    }

    fn again(&mut self, id: &StrBytes) {
        assert_eq!(self.group.join(joining(id), self.now), Ok(id.clone()));
    }

    fn joined(&mut self, id: &StrBytes) -> Joined {
        self.group.joined(id).expect("still waits for others").unwrap()
    }

    /// The leader gives each member its own id to read.
    fn assign(&mut self, leader: &StrBytes) {
        let joined = self.joined(leader);
        let assignments: Vec<_> = joined.members.iter().map(|(id, ..)| (id.clone(), id.clone().into())).collect();
        self.group.check(leader, joined.generation, self.now).unwrap();
        self.group.assign(leader, assignments);
    }
}

fn joining(id: &str) -> Joining {
    Joining {
        client_id: "faultline".into(),
        host: "/127.0.0.1".into(),
        member_id: StrBytes::from_string(id.to_owned()),
        instance_id: None,
        session_timeout: SESSION,
        rebalance_timeout: Duration::from_secs(300),
        protocol_type: "consumer".into(),
        protocols: vec![("cooperative-sticky".into(), Bytes::from_static(b"topics"))],
    }
}

#[test]
fn a_member_alone_leads_and_is_given_its_part() {
    let mut watched = Watched::new();
    let one = watched.newcomer();
    let joined = watched.joined(&one);
    assert_eq!((joined.generation, &joined.leader, joined.members.len()), (1, &one, 1));
    assert_eq!(watched.group.synced(&one, 1, watched.now), None, "before it said who reads what");
    watched.assign(&one);
    assert_eq!(watched.group.synced(&one, 1, watched.now), Some(Ok(one.clone().into())));
}

#[test]
fn a_newcomer_waits_until_the_others_have_joined_again() {
    let mut watched = Watched::new();
    let one = watched.newcomer();
    watched.assign(&one);
    let two = watched.newcomer();
    assert_eq!(watched.group.joined(&two), None);
    assert_eq!(watched.group.check(&one, 1, watched.now), Err(ResponseError::RebalanceInProgress));
    watched.again(&one);
    assert_eq!(watched.joined(&two).members, [], "only the leader is told of everybody");
    assert_eq!(watched.joined(&one).members.len(), 2);
    watched.assign(&one);
    assert_eq!(watched.group.synced(&two, 2, watched.now), Some(Ok(two.clone().into())));
}

#[test]
fn a_killed_leader_is_followed_by_who_waits() {
    let mut watched = Watched::new();
    let killed = watched.newcomer();
    watched.assign(&killed);
    let two = watched.newcomer();
    watched.after(SESSION - Duration::from_secs(1));
    assert_eq!(watched.group.joined(&two), None);
    watched.after(Duration::from_secs(1));
    let joined = watched.joined(&two);
    assert_eq!((&joined.leader, joined.members.len()), (&two, 1));
    watched.assign(&two);
    assert_eq!(watched.group.synced(&two, joined.generation, watched.now), Some(Ok(two.clone().into())));
}

#[test]
fn members_killed_one_after_the_other_in_any_phase_leave_a_group_that_goes_on() {
    let mut watched = Watched::new();
    for killed_after_step in [0, 1, 2, 0, 2, 1, 0, 0] {
        let id = watched.newcomer();
        if killed_after_step > 0 {
            watched.after(SESSION);
            watched.joined(&id);
        }
        if killed_after_step > 1 {
            watched.assign(&id);
        }
        watched.after(Duration::from_secs(1));
    }
    let last = watched.newcomer();
    // Those that were killed while they waited count as there until they should be heard of again.
    for _ in 0..4 {
        watched.after(SESSION - Duration::from_secs(1));
        watched.again(&last);
    }
    let joined = watched.joined(&last);
    assert_eq!((&joined.leader, joined.members.len()), (&last, 1));
}

#[test]
fn a_leader_that_dies_before_it_says_who_reads_what_is_replaced() {
    let mut watched = Watched::new();
    let one = watched.newcomer();
    watched.assign(&one);
    let two = watched.newcomer();
    watched.again(&one);
    assert_eq!(watched.joined(&two).leader, one);
    for _ in 0..SESSION.as_secs() {
        assert_eq!(watched.group.synced(&two, 2, watched.now), None);
        watched.after(Duration::from_secs(1));
    }
    assert_eq!(watched.group.synced(&two, 2, watched.now), Some(Err(ResponseError::RebalanceInProgress)));
    watched.again(&two);
    assert_eq!(watched.joined(&two).leader, two);
}

#[test]
fn a_member_that_leaves_or_is_overdue_is_out_and_the_others_share_anew() {
    let mut watched = Watched::new();
    let one = watched.newcomer();
    let two = watched.newcomer();
    watched.again(&one);
    watched.assign(&one);
    assert_eq!(watched.group.leave(&one, None, watched.now), Ok(()));
    assert_eq!(watched.group.leave(&one, None, watched.now), Err(ResponseError::UnknownMemberId));
    assert_eq!(watched.group.refusal(&one, 2), Some(ResponseError::UnknownMemberId));
    assert_eq!(watched.group.check(&two, 2, watched.now), Err(ResponseError::RebalanceInProgress));
    watched.again(&two);
    watched.assign(&two);
    assert_eq!(watched.group.check(&two, 3, watched.now), Ok(()));
    assert_eq!(watched.group.check(&two, 2, watched.now), Err(ResponseError::IllegalGeneration));
    watched.after(SESSION);
    assert_eq!(watched.group.check(&two, 3, watched.now), Err(ResponseError::UnknownMemberId));
    assert_eq!(watched.group.join(joining(&two), watched.now), Err((ResponseError::UnknownMemberId, two)));
}

#[test]
fn an_instance_that_starts_again_takes_its_place_at_once() {
    let mut watched = Watched::new();
    let started = || Joining { instance_id: Some("a".into()), ..joining("") };
    let first = watched.group.join(started(), watched.now).unwrap();
    watched.assign(&first);
    let second = watched.group.join(started(), watched.now).unwrap();
    assert_eq!(watched.joined(&second).members.len(), 1);
    assert_eq!(watched.group.refusal(&first, 2), Some(ResponseError::UnknownMemberId));
}

#[tokio::test]
async fn who_waits_is_woken_by_who_comes() {
    let shared = Arc::new(Groups::default());
    let (_, one) = shared.join("g", joining("")).await.unwrap_err();
    assert_eq!(shared.join("g", joining(&one)).await.unwrap().leader, one);
    let (_, two) = shared.join("g", joining("")).await.unwrap_err();
    let waiting = tokio::spawn({
        let (shared, two) = (Arc::clone(&shared), two.clone());
        async move { shared.join("g", joining(&two)).await }
    });
    while shared.with("g", |group, now| group.check(&one, 1, now)).is_ok() {
        tokio::task::yield_now().await;
    }
    assert_eq!(shared.join("g", joining(&one)).await.unwrap().generation, 2);
    assert_eq!(waiting.await.unwrap().unwrap().generation, 2);
}
