//! Which combinations of candidates are asked about, and in which order.

use std::collections::BTreeSet;

/// The most combinations that are asked about at once.
const COMBINATIONS: usize = 2_000;

/// Combinations of candidates, the plausible first: each column's n-th value together, the same with NULLs, then
/// all combinations of the first candidates of each column.
pub(super) fn combinations<'c, T>(pools: &[Vec<&'c T>], is_null: impl Fn(&T) -> bool) -> Vec<Vec<&'c T>> {
    if pools.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    let mut seen: BTreeSet<Vec<usize>> = BTreeSet::new();
    let mut order: Vec<Vec<usize>> = Vec::new();
    let mut add = |tuple: Vec<usize>, order: &mut Vec<Vec<usize>>| {
        if order.len() < COMBINATIONS && seen.insert(tuple.clone()) {
            order.push(tuple);
        }
    };
    let null = |pool: &Vec<&T>| pool.iter().position(|candidate| is_null(candidate));
    for round in 0..16 {
        let diagonal: Vec<usize> = pools.iter().map(|pool| round % pool.len()).collect();
        add(diagonal, &mut order);
    }
    for round in 0..4 {
        for mask in 0_usize..1 << pools.len().min(7) {
            let tuple = pools.iter().enumerate().map(|(place, pool)| match null(pool) {
                Some(null) if mask & (1 << place.min(7)) != 0 => null,
                _ => round % pool.len(),
            });
            add(tuple.collect(), &mut order);
        }
    }
    // As many candidates of each column as the budget allows, NULL surely among them.
    let ranked: Vec<Vec<usize>> = pools
        .iter()
        .map(|pool| {
            let mut places: Vec<usize> = (0..pool.len()).collect();
            if let Some(null) = null(pool) {
                places.remove(null);
                places.insert(1.min(places.len()), null);
            }
            places
        })
        .collect();
    let mut caps = vec![1; pools.len()];
    loop {
        let mut grown = false;
        for place in 0..pools.len() {
            let product: usize = caps.iter().product();
            let (Some(cap), Some(places)) = (caps.get_mut(place), ranked.get(place)) else { continue };
            if *cap < places.len() && product / *cap * (*cap + 1) <= COMBINATIONS {
                *cap += 1;
                grown = true;
            }
        }
        if !grown {
            break;
        }
    }
    let mut product: Vec<(usize, Vec<usize>)> = vec![(0, Vec::new())];
    for (cap, places) in caps.iter().zip(&ranked) {
        let longer = |(cost, tuple): &(usize, Vec<usize>)| {
            let next = places.iter().take(*cap).enumerate();
            next.map(|(rank, place)| (cost + rank, [tuple.as_slice(), &[*place]].concat()))
                .collect::<Vec<_>>()
        };
        product = product.iter().flat_map(longer).collect();
    }
    product.sort_by_key(|(cost, _)| *cost);
    for (_, tuple) in product {
        add(tuple, &mut order);
    }
    order
        .into_iter()
        .map(|tuple| tuple.iter().zip(pools).filter_map(|(at, pool)| pool.get(*at).copied()).collect())
        .collect()
}

/// Subsets that are not empty, the largest first; of many elements, only all and each.
pub(super) fn subsets(of: &[usize]) -> Vec<Vec<usize>> {
    if of.len() > 4 {
        return std::iter::once(of.to_vec()).chain(of.iter().map(|one| vec![*one])).collect();
    }
    let mut subsets: Vec<Vec<usize>> = (1_usize..1 << of.len())
        .map(|mask| {
            of.iter().enumerate().filter(|(place, _)| mask & (1 << place) != 0).map(|(_, at)| *at).collect()
        })
        .collect();
    subsets.sort_by_key(|subset| std::cmp::Reverse(subset.len()));
    subsets
}
