//! scratch: real chains
use super::*;
use std::time::Instant;

fn env(n: &str) -> Option<String> {
    std::env::var(n).ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn real() {
    let Some(spec) = env("REAL") else { return };
    let v: serde_json::Value = serde_json::from_str(&fs::read_to_string(spec).unwrap()).unwrap();
    let s = |k: &str| v[k].as_str().map(str::to_owned);
    let tmp = tempfile::tempdir().unwrap();
    let p = |k: &str| PathBuf::from(s(k).unwrap());
    let url = s("url").unwrap().replace("{tmp}", &tmp.path().display().to_string());
    let mut envs = BTreeMap::new();
    if let Some(o) = v["env"].as_object() {
        for (k, x) in o {
            envs.insert(k.clone(), x.as_str().unwrap().replace("{url}", &url));
        }
    }
    let settings = HostSettings {
        interpreter: p("python"),
        dir: p("dir"),
        alembic_file: p("ini"),
        section: "alembic".into(),
        script_location: p("scripts"),
        version_locations: vec![p("versions")],
        recursive: false,
        url,
        hand_over_url: true,
        env: envs,
        x_arguments: vec![],
        around: s("around"),
        scratch: tmp.path().join("s"),
        max_file_bytes: 1 << 32,
        run_as: None,
    };
    fs::create_dir(&settings.scratch).unwrap();
    let t = Instant::now();
    let host = Host::start(settings).await.unwrap_or_else(|e| panic!("{e}"));
    println!("start {:?} {:?} revisions {}", t.elapsed(), host.versions, host.revisions.len());
    let t = Instant::now();
    if env("NOWARM").is_none() {
        host.warm_up(LIMIT).await.unwrap();
    }
    println!("warm up {:?}", t.elapsed());
    if let Some(b) = s("bootstrap") {
        let o = host.bootstrap(&b, LIMIT).await.unwrap();
        println!("bootstrap {:?} {}", o.failure, o.statements.len());
    }
    let mut order: Vec<_> = host.revisions.iter().map(|r| r.id.clone()).collect();
    order.reverse();
    let (mut forks, mut firsts, mut others, mut ends, mut statements) = (vec![], vec![], vec![], vec![], 0);
    let all = Instant::now();
    for id in &order {
        let t = Instant::now();
        let mut child = host.child().await.unwrap();
        forks.push(t.elapsed());
        for (i, d) in (if env("UPONLY").is_some() {
            vec![Direction::Up]
        } else {
            vec![Direction::Up, Direction::Down, Direction::Up]
        })
        .into_iter()
        .enumerate()
        {
            let t = Instant::now();
            let o = child.step(d, id, LIMIT).await.unwrap();
            if i == 0 {
                firsts.push(t.elapsed())
            } else {
                others.push(t.elapsed())
            }
            statements += o.statements.len();
            if let Some(f) = o.failure {
                let f = format!("{f:#?}");
                println!("{id} {d:?}: {}\n{}", f, o.output);
                if i != 1 {
                    return;
                }
                break;
            }
        }
        let t = Instant::now();
        child.end().await.unwrap();
        ends.push(t.elapsed());
    }
    let all = all.elapsed();
    let m = |v: &mut Vec<Duration>| {
        v.sort();
        if v.is_empty() { Duration::ZERO } else { v[v.len() / 2] }
    };
    println!(
        "{} revisions in {all:?} ({:?} each): child {:?} first {:?} next {:?} end {:?}; {statements} statements",
        order.len(),
        all / (order.len() as u32).max(1),
        m(&mut forks),
        m(&mut firsts),
        m(&mut others),
        m(&mut ends)
    );
    let n = order.len();
    host.close().await;
    use nix::sys::resource::{UsageWho, getrusage};
    for w in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
        let u = getrusage(w).unwrap();
        let ms = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 * 1e3 + t.tv_usec() as f64 / 1e3;
        println!(
            "{w:?} user {:.0} ms sys {:.0} ms; per revision {:.1}",
            ms(u.user_time()),
            ms(u.system_time()),
            (ms(u.user_time()) + ms(u.system_time())) / n as f64
        );
    }
}
