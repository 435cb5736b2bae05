//! The course of a run, up to the end of its history.

use std::net::Ipv4Addr;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use fastrand::Rng;
use jepsen_tests::history::{Entry, Fault, Function, Recorder, Setup, Value};
use lab::Lab;
use lab::gateway::{Control, GatewayConfig};
use lab::isolate::Isolation;
use lab::life::{Crowd, Mood, Population};
use lab::topology::Vm;
use lab::topology::address::{ROUTER, VM_INTERFACE, overlay};
use lab::wire::MacAddr;

use super::afterwards::{self, Patience, Recovery};
use super::folder::Folder;
use super::keeper::Keeper;
use super::machine;
use super::progress::Progress;
use super::sights::Sights;
use super::{nat_watch, watcher};
use crate::cli::RunOptions;
use crate::names;
use crate::nemesis::{Nemesis, NemesisKind, Scene, Schedule, Turn};
use crate::workload::clients::{Numbers, Scribe};
use crate::workload::flows::{self, Job, Stage};
use crate::workload::operators::Operator;
use crate::workload::{OperatorWork, Plan, Workload};

/// Hosts of every run.
pub const HOSTS: u8 = 3;
/// Operators of a workload that has some.
const OPERATORS: u64 = 5;
/// The hardware address of the first client.
const FIRST_MAC: MacAddr = MacAddr([0x02, 0xbb, 0, 0, 0, 0]);
/// The clients begin within this time.
const RAMP: Duration = Duration::from_secs(2);
/// How often the main thread looks what is due.
const TICK: Duration = Duration::from_millis(50);
/// `ipam`'s quarantine of a declined address.
const QUARANTINE_MS: u64 = 600_000;

/// What is to be told about a run beside its history.
#[derive(Debug, Default)]
pub struct Account {
    /// What the nemeses did, in order, for people.
    pub faults: Vec<String>,
    /// How often they struck.
    pub strikes: usize,
    /// Daemons that ended by themselves, as they are meant to.
    pub ends: Vec<String>,
    /// Daemons that crashed.
    pub crashes: Vec<String>,
    /// How the cluster came back.
    pub recovery: Recovery,
}

/// Plays it.
pub fn play(options: &RunOptions, isolation: &Isolation, folder: &Folder) -> Result<Account> {
    let plan = options.workload.plan(options.clients);
    let mut lab = Lab::new(isolation, HOSTS, &folder.nodes())?;
    lab.start_gateways(&config(options, &plan))?;
    let vms = lab.add_vm_per_host()?;
    let stage = match plan.flows {
        true => Some(Stage::build(&mut lab)?),
        false => None,
    };
    let recorder = Recorder::create(&folder.file("history.edn")).context("making the history")?;
    recorder.record(setup(options.workload, &plan))?;
    let mut run = Run {
        options,
        recorder: &recorder,
        folder,
        numbers: &Numbers::default(),
        sights: &Sights::new(usize::from(HOSTS)),
        controls: lab.gateways().iter().map(|one| one.control()).collect(),
        plan: &plan,
        stage: stage.as_ref(),
        progress: Progress::new(options.duration),
        keeper: Keeper::default(),
        started: Instant::now(),
        account: Account::default(),
    };
    let played = run.all(&mut lab, &vms);
    // Also of a run that failed: it may tell why.
    recorder.flush().context("writing the history")?;
    played?;
    let Run {
        mut account,
        keeper,
        ..
    } = run;
    account.ends = keeper.ends;
    account.crashes = keeper.crashes;
    Ok(account)
}

fn config(options: &RunOptions, plan: &Plan) -> GatewayConfig {
    let config = GatewayConfig::new()
        .lease_time(plan.lease_seconds)
        .set("GATEWAY_DHCP_POOL_START", plan.pool.0)
        .set("GATEWAY_DHCP_POOL_END", plan.pool.1);
    let nemeses = options.nemeses().into_iter();
    nemeses.fold(config, |config, kind| kind.configure(config))
}

fn setup(workload: Workload, plan: &Plan) -> Entry {
    let members = (1..=HOSTS).map(|node| (names::node(node), overlay(node)));
    let setup = Setup {
        workload: workload.name(),
        network: (Ipv4Addr::new(10, 15, 3, 0), 24),
        pool: plan.pool,
        router: Some(ROUTER),
        excluded: Vec::new(),
        members: members.collect(),
        clients: u64::from(plan.clients),
        quarantine_ms: QUARANTINE_MS,
        silent_after_ms: Setup::SILENT_AFTER_MS,
        service_within_ms: Setup::SERVICE_WITHIN_MS,
        failover_within_ms: Setup::FAILOVER_WITHIN_MS,
    };
    Entry::seen(Function::Setup, None, Value::Setup(setup))
}

/// A run under way.
struct Run<'a> {
    options: &'a RunOptions,
    recorder: &'a Recorder,
    folder: &'a Folder,
    numbers: &'a Numbers,
    sights: &'a Sights,
    controls: Vec<Control>,
    plan: &'a Plan,
    stage: Option<&'a Stage>,
    progress: Progress,
    keeper: Keeper,
    started: Instant,
    account: Account,
}

/// A nemesis of the run.
struct Foe {
    name: String,
    nemesis: Box<dyn Nemesis>,
    struck: bool,
}

type Worker<'scope> = ScopedJoinHandle<'scope, Result<()>>;

impl<'a> Run<'a> {
    fn all(&mut self, lab: &mut Lab, vms: &[Vm]) -> Result<()> {
        let clients = Mood::new();
        let watchers = Mood::new();
        let crowds = self.crowds(vms.len() as u32);
        let operators = self.operators();
        thread::scope(|scope| {
            let (recorder, numbers, sights) = (self.recorder, self.numbers, self.sights);
            let mut workers: Vec<Worker<'_>> = Vec::new();
            for (vm, crowd) in vms.iter().zip(&crowds) {
                let mood = &clients;
                let scribe = move |origin| Scribe::new(recorder, numbers, vm.node(), origin);
                let live = move || live(vm, crowd, mood, scribe);
                workers.push(scope.spawn(live));
            }
            for mut operator in operators {
                let mood = &clients;
                workers.push(scope.spawn(move || operator.run(mood)));
            }
            for control in self.controls.clone() {
                let mood = &watchers;
                let watch = move || watcher::watch(&control, mood, sights, recorder);
                workers.push(scope.spawn(watch));
            }
            for job in self.flows(&clients, &watchers)? {
                workers.push(scope.spawn(job));
            }
            let (folder, mood) = (self.folder.nodes(), &watchers);
            workers.push(scope.spawn(move || machine::watch(&folder, mood, recorder)));
            let at_work = || workers.iter().all(|worker| !worker.is_finished());
            let played = self.course(lab, &clients, at_work);
            clients.end();
            watchers.end();
            let ended: Vec<_> = workers.into_iter().map(join).collect();
            // A worker's failure is the cause, if there is one.
            ended.into_iter().collect::<Result<()>>()?;
            played?;
            self.read_at_the_end(lab)
        })
    }

    /// Trouble, healing, quiet. No worker ends before it is told to.
    fn course(&mut self, lab: &mut Lab, clients: &Mood, at_work: impl Fn() -> bool) -> Result<()> {
        let kinds = self.options.nemeses();
        let mut foes: Vec<_> = kinds.iter().map(|kind| Foe::of(*kind)).collect();
        let mut schedule = Schedule::new(&kinds, self.options.seed);
        let mut rng = Rng::with_seed(self.options.seed.wrapping_add(1));
        while self.started.elapsed() < self.options.duration {
            ensure!(at_work(), "a worker has ended early");
            self.look_after(lab)?;
            while let Some(turn) = schedule.due(self.started.elapsed()) {
                match turn {
                    Turn::Strike(place) => self.strike(lab, &mut foes[place], &mut rng)?,
                    Turn::Heal(place) => self.heal(lab, &mut foes[place])?,
                }
            }
            thread::sleep(TICK);
        }
        for foe in &mut foes {
            self.heal(lab, foe)?;
        }
        self.progress.say(self.started.elapsed(), "all is healed");
        self.account.recovery = self.recover(lab, &mut foes)?;
        let calm = afterwards::calm_after(self.options.duration);
        afterwards::pass(calm, lab, &mut self.keeper, self.started)?;
        clients.settle();
        afterwards::quiet(lab, &mut self.keeper, self.started)?;
        afterwards::confirm(clients, lab, &mut self.keeper, self.started)?;
        self.progress.finish();
        Ok(())
    }

    /// Waits until all nodes serve again, or no longer.
    fn recover(&mut self, lab: &mut Lab, foes: &mut [Foe]) -> Result<Recovery> {
        let mut patience = Patience::begin();
        loop {
            for foe in foes.iter_mut() {
                foe.nemesis.conclude(&mut self.scene(lab))?;
            }
            self.keeper.look(lab, self.started.elapsed())?;
            if let Some(recovery) = patience.look(lab) {
                return Ok(recovery);
            }
        }
    }

    fn look_after(&mut self, lab: &mut Lab) -> Result<()> {
        let elapsed = self.started.elapsed();
        self.keeper.look(lab, elapsed)?;
        let (sights, account) = (self.sights, &self.account);
        self.progress.show(elapsed, || {
            let leader = sights.leader().map_or("-".to_owned(), names::node);
            format!(
                "{} of {HOSTS} in service, leader {leader}; {}",
                sights.in_service(),
                account.faults.last().map_or("no fault yet", |line| line)
            )
        });
        Ok(())
    }

    fn strike(&mut self, lab: &mut Lab, foe: &mut Foe, rng: &mut Rng) -> Result<()> {
        let mut scene = self.scene(lab);
        let Some(fault) = foe.nemesis.aim(&mut scene, rng)? else {
            return Ok(());
        };
        foe.struck = true;
        let entry = Entry::fault(Function::Start(foe.name.clone()), fault.clone());
        scene.recorder.record(entry.clone())?;
        foe.nemesis
            .strike(&mut scene)
            .with_context(|| format!("{} strikes", foe.name))?;
        scene.recorder.record(entry)?;
        self.account.strikes += 1;
        let detail = fault.detail.map(|text| format!(" ({text})"));
        self.note(&format!(
            "{} on {}{}",
            foe.name,
            fault.targets.join(", "),
            detail.unwrap_or_default()
        ));
        Ok(())
    }

    /// Heals what the nemesis did last, if it did anything.
    fn heal(&mut self, lab: &mut Lab, foe: &mut Foe) -> Result<()> {
        if !std::mem::take(&mut foe.struck) {
            return Ok(());
        }
        let mut scene = self.scene(lab);
        let entry = Entry::fault(Function::Stop(foe.name.clone()), Fault::default());
        scene.recorder.record(entry.clone())?;
        foe.nemesis
            .heal(&mut scene)
            .with_context(|| format!("{} heals", foe.name))?;
        scene.recorder.record(entry)?;
        self.note(&format!("{} healed", foe.name));
        Ok(())
    }

    fn note(&mut self, what: &str) {
        let seconds = self.started.elapsed().as_secs_f64();
        self.account.faults.push(format!("{seconds:.1} s: {what}"));
    }

    fn scene<'b>(&self, lab: &'b mut Lab) -> Scene<'b>
    where
        'a: 'b,
    {
        Scene {
            lab,
            sights: self.sights,
            recorder: self.recorder,
            numbers: self.numbers,
            spared: None,
        }
    }

    fn crowds(&self, parts: u32) -> Vec<Crowd> {
        (0..parts)
            .map(|part| Crowd {
                interface: VM_INTERFACE.to_owned(),
                clients: self.plan.clients / parts + u32::from(part < self.plan.clients % parts),
                first_number: part,
                number_step: parts,
                first_mac: FIRST_MAC,
                ramp: RAMP,
                seed: self.options.seed.wrapping_mul(31).wrapping_add(part.into()),
                habits: self.plan.habits.clone(),
            })
            .collect()
    }

    fn operators(&self) -> Vec<Operator<'a>> {
        let Some(work) = self.plan.operators else {
            return Vec::new();
        };
        let seeds = (0..OPERATORS).map(|number| self.options.seed.wrapping_mul(37) + number);
        let operator = |seed| {
            let nodes = self.controls.clone();
            Operator::new(work, nodes, self.recorder, self.numbers, seed)
        };
        seeds.map(operator).collect()
    }

    /// What goes on beside the clients, in a workload that has flows.
    fn flows<'b>(&self, clients: &'b Mood, watchers: &'b Mood) -> Result<Vec<Job<'b>>>
    where
        'a: 'b,
    {
        let Some(stage) = self.stage else {
            return Ok(Vec::new());
        };
        let (recorder, sights) = (self.recorder, self.sights);
        let scene = flows::Scene {
            recorder,
            numbers: self.numbers,
            mood: clients,
            seed: self.options.seed,
        };
        let mut jobs = stage.jobs(scene, watchers)?;
        jobs.push(Box::new(move || {
            nat_watch::watch(sights, watchers, recorder)
        }));
        Ok(jobs)
    }

    /// Everybody has ended; the nodes are asked for what they have.
    fn read_at_the_end(&mut self, lab: &mut Lab) -> Result<()> {
        afterwards::final_tables(&self.controls, self.recorder)?;
        afterwards::final_voters(&self.controls, self.recorder, self.numbers)?;
        afterwards::final_rulesets(lab, self.recorder)?;
        let forwards = self.stage.map(|_| OperatorWork::Forwards);
        if let Some(work) = self.plan.operators.or(forwards) {
            let nodes = self.controls.clone();
            Operator::new(work, nodes, self.recorder, self.numbers, 0).read_all()?;
        }
        Ok(())
    }
}

impl Foe {
    fn of(kind: NemesisKind) -> Self {
        Self {
            name: kind.name(),
            nemesis: kind.nemesis(),
            struck: false,
        }
    }
}

/// The clients of one machine, on a thread in its network.
fn live<'a>(
    vm: &Vm,
    crowd: &Crowd,
    mood: &Mood,
    scribe: impl FnOnce(Instant) -> Scribe<'a> + Send,
) -> Result<()> {
    vm.netns().enter(|| {
        let origin = Instant::now();
        let mut scribe = scribe(origin);
        Population::open(crowd, origin)?.run(mood, |report| scribe.write(&report))
    })
}

fn join(worker: Worker<'_>) -> Result<()> {
    worker
        .join()
        .unwrap_or_else(|_| Err(anyhow!("a worker panicked; see above")))
}
